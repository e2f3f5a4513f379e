export { homePage, type HomeFacts } from './home.ts';
