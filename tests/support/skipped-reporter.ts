import process from 'node:process';
import type { Reporter, TestModule } from 'vitest/node';

/** Says at the end of a run which tests were skipped and why, so that a green run does not hide them. */
export default class SkippedReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = new Map<string, number>();
    for (const module of modules) {
      for (const test of module.children.allTests('skipped')) {
        const place = test.parent.type === 'module' ? test.name : test.parent.fullName;
        const title = `${module.relativeModuleId} > ${place}`;
        counts.set(title, (counts.get(title) ?? 0) + 1);
      }
    }
    if (counts.size === 0) return;
    const lines = [...counts].map(([title, count]) => `  ${title}: ${count} test${count === 1 ? '' : 's'}\n`);
    process.stdout.write(`\nSkipped, with the reason in brackets:\n${lines.join('')}\n`);
  }
}
