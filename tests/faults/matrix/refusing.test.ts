import { testFaults } from './matrix.ts';

testFaults('401', '403', '404', '429');
