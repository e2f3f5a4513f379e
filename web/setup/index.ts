export { SCRIPTS, type SetupFacts } from './facts.ts';
export { setupPage } from './page.ts';
export { setupScript } from './script.ts';
export { setupText } from './text.ts';
