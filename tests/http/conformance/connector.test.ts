import { configurations } from '../../support/conformance/configurations.ts';
import { conformance } from '../../support/conformance/suite.ts';
import { rows } from './rows/index.ts';

conformance(configurations.connector, rows);
