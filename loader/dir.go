package loader

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// OpenDir opens the plugins (*.so) of a folder in name order, as Open does. It
// gives those that could be opened, and for the others their errors joined:
// one that is refused has not run, and stands in nobody's way. A folder
// without plugins gives none and no error.
//
// On unix the folder and each plugin must belong to root or to the process's
// own user, and neither group nor others may be able to write them; a link
// must stay in the folder.
func OpenDir(ctx context.Context, dir string, policy Policy) ([]*Plugin, error) {
	rules, err := newRules(dir, policy)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, &Error{Class: ClassIO, File: dir, Err: cause(err)}
	}
	defer root.Close()
	names, err := pluginNames(root)
	if err != nil {
		return nil, &Error{Class: ClassIO, File: dir, Err: cause(err)}
	}
	var plugins []*Plugin
	var errs []error
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			errs = append(errs, &Error{Class: ClassIO, File: dir, Err: fmt.Errorf("stopped before %s: %w", name, err)})
			break
		}
		p, err := opened.open(ctx, rules, candidate{file: filepath.Join(dir, name), root: root, name: name})
		if err != nil {
			errs = append(errs, err)
			continue
		}
		plugins = append(plugins, p)
	}
	return plugins, errors.Join(errs...)
}

// pluginNames lists the plugins of a folder that only its owner can change, by
// name. It asks the folder that it opened, not its path.
func pluginNames(root *os.Root) ([]string, error) {
	f, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := ownedAndClosed(info); err != nil {
		return nil, err
	}
	names, err := f.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !strings.HasSuffix(name, ".so") })
	slices.Sort(names)
	return names, nil
}
