/** What this token service calls itself: in challenges, as issuer and as audience of its tokens. */
export const service = 'dockgate';
