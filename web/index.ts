export { homePage } from './home.ts';
export * from './setup/index.ts';
