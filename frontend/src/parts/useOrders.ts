import { useState } from "preact/hooks";
import { post, type Schemas } from "../api/client";
import { announce } from "./announce";

export interface Orders {
  /** What came of the last order. */
  said: string | null;
  tell: (message: string) => void;
  /** Order something below the path, and tell what came of it. */
  order: (what: string, body: unknown) => Promise<void>;
}

/** Orders about what is at a path of the API; `done` is called after each. */
export function useOrders(path: string, done: () => void): Orders {
  const [said, setSaid] = useState<string | null>(null);
  const tell = (message: string) => {
    setSaid(message);
    announce(message);
    done();
  };
  const order = async (what: string, body: unknown) => {
    const { message } = await post<Schemas["Ordered"]>(`${path}/${what}`, body);
    tell(message);
  };
  return { said, tell, order };
}
