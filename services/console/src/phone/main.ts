import '../shared/tokens.css';
import '../shared/base.css';
import './phone.css';
import { mount } from 'svelte';
import { takeFromLink } from '../shared/auth';
import { show, theme } from '../shared/theme';
import { language, speak } from '../shared/words.svelte';
import App from './App.svelte';
import { caseOfLink } from './route.svelte';

const wanted = caseOfLink(location);
takeFromLink();
if (wanted !== null) history.replaceState(null, '', `/phone#case=${wanted}`);
show(theme());
speak(language());
mount(App, { target: document.getElementById('page')! });
if ('serviceWorker' in navigator) void navigator.serviceWorker.register('/phone/worker.js', { scope: '/phone' }).catch(() => {});
