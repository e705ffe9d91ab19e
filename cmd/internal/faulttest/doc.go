// Package faulttest tries the program as a whole under faults: killed at every
// step, on a full disk, without rights, interrupted. Its tests build the program
// with the failpoints of backend/failpoint and watch it from outside; what they
// hold it to is that the record is whole or says that it is not, that nothing
// acknowledged is lost, and that the next command works. The package has no
// code of its own.
//
// KFPGO_FAULTS=nightly takes the long figures.
package faulttest
