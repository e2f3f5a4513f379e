import { testFaults } from './matrix.ts';

testFaults('DNS fails');
