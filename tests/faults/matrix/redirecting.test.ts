import { testFaults } from './matrix.ts';

testFaults('redirect loop', 'redirect to another host', 'without a length');
