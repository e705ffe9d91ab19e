// Package doctest holds the written documentation to the program: every
// console block of README.md and docs/ is executed and its output compared, and
// every pipeline shown there is compiled.
package doctest
