// Package group starts programs in process groups of their own and ends the
// groups whole, so that nothing that a program starts outlives it.
package group
