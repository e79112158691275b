// Set a property only when it changes: an unchanged screen costs nothing.
export const put = (element, key, value) => {
  if (element[key] !== value) element[key] = value;
};
