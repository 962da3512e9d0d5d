// Package marker lets a test see that a plugin's init ran.
package marker

import "os"

// Leave appends a plugin's name to the file that the test watches.
func Leave(name string) {
	f, err := os.OpenFile(os.Getenv("LOADER_TEST_MARKER"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	if _, err := f.WriteString(name + "\n"); err != nil {
		panic(err)
	}
}
