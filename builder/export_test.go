package builder

// Explain gives the causes of what a go command of the given release printed while
// it built the plugin in dir, and what to do about them.
func Explain(dir, goroot, platform, goVersion, flags string, env []string, pins []Pin, output string) (texts, todo []string) {
	plan := &Plan{Dir: dir, Package: ".", Host: "host", GoVersion: goVersion, Platform: platform, Pins: pins, module: "example.com/plugin", hostModule: "example.com/app", hostPath: "example.com/app"}
	if flags != "" {
		plan.Flags = append(plan.Flags, flags)
	}
	f := &failure{plan: plan, env: env, output: output, goEnv: GoEnv{
		Version: "go1.26.8", Root: goroot, HostOS: "linux", HostArch: "amd64", CC: "gcc", ModCache: dir + "/modcache",
		Proxy: getEnv(env, "GOPROXY"), SumDB: getEnv(env, "GOSUMDB"),
	}}
	causes := f.causes()
	for _, c := range causes {
		texts = append(texts, string(c.Kind)+": "+c.Text)
	}
	return texts, fixes(causes)
}

// ExplainAlone is Explain before there is a plan.
func ExplainAlone(output string) []Cause { return (&failure{output: output}).causes() }
