// Package contract has the name of the contract that host and plugins share, and is another.
package contract

// Version prints like the contract's.
type Version struct{ Major, Minor int }
