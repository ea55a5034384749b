# expect: a '{' in a string begins a {name}; a plain brace is written {{
const A = 3
const B = "{A"
