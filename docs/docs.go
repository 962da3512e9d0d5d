// Package docs holds the pages that `plugtool explain` prints.
package docs

import "embed"

// Findings holds a page per finding id: findings/PT401.md and so on.
//
//go:embed findings/PT*.md
var Findings embed.FS
