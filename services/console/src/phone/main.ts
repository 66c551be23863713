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
const byLink = takeFromLink() || location.search !== '';
if (wanted !== null && byLink) history.replaceState(null, '', `/phone#case=${wanted}`);
show(theme());
speak(language());
mount(App, { target: document.getElementById('page')! });
addEventListener('hashchange', () => {
  if (/[#&]token=/.test(location.hash)) location.reload(); // a link opened while the page was there
});
