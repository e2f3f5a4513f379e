import { configurations } from '../../support/conformance/configurations.ts';
import { conformance } from '../../support/conformance/suite.ts';
import { rows } from './rows/index.ts';
import { readOnly } from './rows/read-only.ts';

conformance(configurations.readOnlyGroup, [...rows, ...readOnly]);
conformance(configurations.groupOfProxy, rows);
