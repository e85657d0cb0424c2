/** Where the agent is on a board, and the Node that runs it there. */
export const HOME = '/usr/lib/mountroot';
export const NODE = '/usr/bin/node';

/** The heap's name beside the agent, also in native/launch.c. */
export const HEAP = 'boot.heap';
