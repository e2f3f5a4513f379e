/** How files are found; paths are those of the configuration, relative ones already below the main file's folder. */
export interface NginxFiles {
  /** The text of a file; undefined when there is none or it cannot be read. */
  read(path: string): string | undefined;
  /** The files that match, sorted, as glob(3) finds them; none is no error. */
  glob(pattern: string): readonly string[];
}
