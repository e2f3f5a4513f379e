import type { Place } from './place.ts';

/** A main file that an unprivileged test can start: everything that nginx writes is in the place's folder. */
export function mainFile({ folder }: Place, http: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};\n`,
  );
  return `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
events {}
http {
access_log off;
${temporary.join('')}${http}
}
`;
}
