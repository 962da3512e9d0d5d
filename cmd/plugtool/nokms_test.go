//go:build !kms

package main

func addTestKMS() {}
