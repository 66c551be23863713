import '../shared/tokens.css';
import '../shared/base.css';
import { mount } from 'svelte';
import { takeFromLink } from '../shared/auth';
import { show, theme } from '../shared/theme';
import { language, speak } from '../shared/words.svelte';

takeFromLink();
addEventListener('hashchange', () => takeFromLink() && location.reload()); // a link given to a page that is open
show(theme());
speak(language());
const { default: App } = await import('./App.svelte'); // after the link: its route is read from the address
mount(App, { target: document.getElementById('page')! });
