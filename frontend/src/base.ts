/** The path under which Airflow serves us, such as `/jobmon` or `/airflow/jobmon`; the server writes it into the page. */
export const base: string =
  typeof document === "undefined"
    ? "/jobmon"
    : (document.querySelector<HTMLMetaElement>('meta[name="jobmon-base"]')?.content ?? "/jobmon").replace(
        /\/$/,
        "",
      );

/** The address of one of our paths, for links and `fetch`. */
export const address = (path: string): string => base + path;
