package inspector

import (
	"fmt"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// CheckFile says what keeps a file from being loaded by any host: that it is cut
// off, a program, or no Go plugin. It is what there is to say without a host.
func CheckFile(plug *Plugin) []Finding {
	if plug.Err != nil {
		return nil
	}
	var fault *goelf.LoadFault
	if target, ok := goelf.TargetOf(plug.data); ok {
		fault = goelf.CheckLoad(plug.data, target)
	}
	var f Finding
	switch {
	case fault != nil && fault.Kind == goelf.FaultTruncated:
		f = fileTruncated.finding(plug.File + " is cut off: its segments go on behind its end")
		f.Plugin = fmt.Sprintf("%d bytes", len(plug.data))
		f.Detail = "opening it raises SIGBUS, which ends the process"
	case plug.Binary != nil && plug.Binary.Kind == KindPlugin:
		return nil
	case fault != nil && fault.Kind == goelf.FaultExecutable:
		f = fileExecutable.finding(plug.File + " is a program, not a plugin")
		f.Plugin = "an executable"
	default:
		f = fileNotPlugin.finding(plug.File + " is no Go plugin: no host can load it")
		f.Plugin = "no Go binary"
		if plug.image == nil {
			f.Plugin = describe(plug)
		}
		if plug.Binary != nil {
			f.Plugin = fmt.Sprintf("kind %s, platform %s", plug.Binary.Kind, plug.Binary.Platform)
		}
	}
	return []Finding{f}
}
