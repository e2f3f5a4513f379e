import { testFaults } from './matrix.ts';

testFaults('refused', 'TLS wrong', 'hangs before headers', '500', '503');
