import { useQuery } from "../router";

interface Props<K extends string> {
  label: string;
  choices: Readonly<Record<K, string>>;
  chosen: K;
  onChoose: (key: K) => void;
}

/** Some choices, of which one is chosen. */
export function Choice<K extends string>({ label, choices, chosen, onChoose }: Props<K>) {
  return (
    <fieldset class="choice" aria-label={label}>
      {(Object.entries(choices) as [K, string][]).map(([key, words]) => (
        <button key={key} type="button" aria-pressed={key === chosen} onClick={() => onChoose(key)}>
          {words}
        </button>
      ))}
    </fieldset>
  );
}

/** A choice that stands in the address, unless it is the usual one: the first, or the one named. */
export function useChoice<K extends string>(
  name: string,
  choices: Readonly<Record<K, string>>,
  usual: K = Object.keys(choices)[0] as K,
): [K, (key: K) => void] {
  const [query, change] = useQuery();
  const said = query.get(name);
  const chosen = said !== null && Object.hasOwn(choices, said) ? (said as K) : usual;
  return [chosen, (key) => change({ [name]: key === usual ? null : key })];
}
