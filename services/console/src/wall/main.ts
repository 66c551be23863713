import '../shared/tokens.css';
import '../shared/base.css';
import { mount } from 'svelte';
import { takeFromLink } from '../shared/auth';
import { show, theme } from '../shared/theme';
import { language, speak } from '../shared/words.svelte';
import Wall from './Wall.svelte';

takeFromLink();
show(theme());
speak(language());
mount(Wall, { target: document.getElementById('page')! });
