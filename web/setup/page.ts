import { escapeHtml } from '../escape-html.ts';
import type { Block, Step } from './block.ts';
import { setupBlocks } from './blocks.ts';
import type { SetupFacts } from './facts.ts';
import { introduction } from './introduction.ts';

const STYLE = `
:root { color-scheme: light dark; --text: #1c2733; --page: #fff; --code: #eef2f6; --line: #d5dde5; --link: #0b5cad }
@media (prefers-color-scheme: dark) { :root { --text: #dce3ea; --page: #12181f; --code: #1d2731; --line: #303c48; --link: #7db7ff } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 54rem; margin: 3rem auto; padding: 0 1rem; color: var(--text); background: var(--page) }
a { color: var(--link) }
h1, code, pre { overflow-wrap: anywhere }
h2 { margin: 0; font-size: 1.1rem; display: inline }
pre { background: var(--code); padding: .8rem 1rem; border-radius: 4px; overflow-x: auto; font-size: .85rem; user-select: all }
nav { display: flex; flex-wrap: wrap; gap: .3rem 1rem; margin: 1.5rem 0 }
details { border-top: 1px solid var(--line); padding: .7rem 0 }
summary { cursor: pointer }
`;

/** The setup page: HTML without scripts and without anything from elsewhere. */
export function setupPage(facts: SetupFacts): string {
  const blocks = setupBlocks(facts);
  const title = `Clients of ${escapeHtml(facts.registry)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${title}</h1>
${introduction(facts).map(inHtml).join('\n')}
<nav>${blocks.map(({ id, title: name }) => `<a href="#${id}">${escapeHtml(name)}</a>`).join('\n')}</nav>
${blocks.map(section).join('\n')}
<p>The same as text: <a href="/setup.txt">/setup.txt</a>.</p>
</body>
</html>
`;
}

function section({ id, title, steps }: Block, index: number): string {
  return `<details id="${id}"${index === 0 ? ' open' : ''}>
<summary><h2>${escapeHtml(title)}</h2></summary>
${steps.map(inHtml).join('\n')}
</details>`;
}

function inHtml({ say, code }: Step): string {
  return `<p>${escapeHtml(say)}</p>${code === undefined ? '' : `\n<pre>${escapeHtml(code)}</pre>`}`;
}
