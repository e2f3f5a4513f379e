import { configurations } from '../../support/conformance/configurations.ts';
import { conformance } from '../../support/conformance/suite.ts';
import { describeWith } from '../../support/require-programs.ts';
import { rows } from './rows/index.ts';

describeWith(['docker-registry'], "Debian's docker-registry holds the content", () => {
  conformance(configurations.oldProxy, rows);
});
