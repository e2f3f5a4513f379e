import winston from 'winston';

/** Facts of a log entry; never a credential. */
export type LogFacts = Readonly<Record<string, unknown>>;

/** Writes entries, one line each, to standard output. */
export interface Log {
  error(message: string, facts?: LogFacts): void;
  warn(message: string, facts?: LogFacts): void;
  info(message: string, facts?: LogFacts): void;
  debug(message: string, facts?: LogFacts): void;
}

/** What is written, and how. */
export interface LogSettings {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly format: 'json' | 'text';
}

/** Makes the log. A standard output that is gone ends nothing. */
export function createLog({ level, format }: LogSettings): Log {
  const { combine, timestamp, json, printf } = winston.format;
  const text = printf(({ timestamp: time, level: of, message, ...facts }) =>
    [time, of.toUpperCase(), message, Object.keys(facts).length > 0 ? JSON.stringify(facts) : '']
      .join(' ')
      .trimEnd(),
  );
  const logger = winston.createLogger({
    level,
    format: combine(timestamp(), format === 'json' ? json() : text),
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston types its classes as interfaces
    transports: [new winston.transports.Console()],
  });
  // A reader of the log that ends, as in `dockgate | head`, must not end the gateway.
  logger.on('error', () => undefined);
  return {
    error: (message, facts) => void logger.error(message, facts),
    warn: (message, facts) => void logger.warn(message, facts),
    info: (message, facts) => void logger.info(message, facts),
    debug: (message, facts) => void logger.debug(message, facts),
  };
}
