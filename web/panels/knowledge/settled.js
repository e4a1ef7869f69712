// A value once it has not changed for a moment: what is typed is not asked about at each key.

import { useEffect, useState } from "../../vendor/htm-3.1.1/standalone.module.js";

export function useSettled(value, pauseMs) {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), pauseMs);
    return () => clearTimeout(timer);
  }, [value, pauseMs]);
  return settled;
}
