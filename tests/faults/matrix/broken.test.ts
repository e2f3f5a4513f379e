import { testFaults } from './matrix.ts';

testFaults('stalls in the middle', 'resets in the middle once', 'resets in the middle always', 'truncates');
