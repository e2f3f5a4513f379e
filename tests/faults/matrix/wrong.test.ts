import { testFaults } from './matrix.ts';

testFaults('wrong bytes', 'wrong length', 'endless body', 'HTML with 200', 'slow drip');
