/** The limits for data of an archive that stay in memory while it is read. */
export { ARCHIVE_LIMITS as LIMITS } from '../../text/input-limits.js';
