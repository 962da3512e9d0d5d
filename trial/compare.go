package trial

// Foretold is a verdict about one plugin: the outcome in a verdict's words, and the text
// of a refusal where the files decide it.
type Foretold struct {
	Outcome string
	Refusal string
}

// A Culprit says whose doing it is that something else happened than was foretold.
type Culprit string

const (
	ByPlugtool Culprit = "plugtool" // the verdict is wrong
	ByPlugin   Culprit = "plugin"   // its init functions did that, which no verdict is about
	ByHost     Culprit = "host"     // the program asks for more than that plugins load
	ByStandIn  Culprit = "small-host"
	Unclear    Culprit = "unclear" // what is known of it does not say
)

// A Difference is one between what was foretold and what happened.
type Difference struct {
	By   Culprit
	Text string
}

// Compare holds what happened against what was foretold. Nil: they agree, or one of
// them says nothing.
func Compare(f Foretold, h Happened) *Difference {
	if f.Outcome == string(Unknown) || h.Outcome == Unknown {
		return nil
	}
	switch f.Outcome {
	case string(Loads):
		return compareLoads(h)
	case string(Refused):
		switch {
		case h.Outcome != Refused:
			return &Difference{ByPlugtool, "the verdict is that it is refused" + quoted(f.Refusal) + ", and really it " + h.verb()}
		case f.Refusal != "" && f.Refusal != h.Text:
			return &Difference{ByPlugtool, "the verdict is that it is refused" + quoted(f.Refusal) + ", and really it was refused" + quoted(h.Text)}
		}
		return nil
	}
	if h.Outcome.down() {
		return nil
	}
	return &Difference{ByPlugtool, "the verdict is that it takes the process down, and really it " + h.verb()}
}

func compareLoads(h Happened) *Difference {
	switch {
	case h.Outcome == Loads:
		return nil
	case h.Own:
		return &Difference{ByPlugin, "it loads, as the verdict says, and then a goroutine of its own ends the process"}
	case h.Aside != "":
		return &Difference{Unclear, "the verdict is that it loads, and a goroutine that opens no plugin ended the process: it may be the host's own, or that of a plugin opened before (--each opens every plugin in a process of its own)"}
	case h.Outcome == Crashes && h.Run != nil && h.Run.How == "signal: killed":
		return &Difference{Unclear, "the verdict is that it loads, and something from outside killed the process, as the system does where memory runs out"}
	case h.Outcome == Panics || h.InInit:
		return &Difference{ByPlugin, "it loads, as the verdict says, and then its own init function " + map[Outcome]string{
			Panics: "panics", Crashes: "crashes", Hangs: "does not return", Exits: "ends the process"}[h.Outcome]}
	case h.Outcome == Exits && h.Run != nil && !h.Run.Answered:
		return &Difference{ByHost, "the verdict is that it loads, and the program ended with " + h.Run.How + ", which may have other reasons"}
	case h.Outcome == Exits:
		return &Difference{ByPlugin, "the verdict is that it loads, and something that runs when it is opened ended the process (os.Exit in an init function does)"}
	case h.Outcome == Hangs && h.Run != nil && !h.Run.Answered:
		return &Difference{ByHost, "the verdict is that it loads, and the program was still running when its time was over"}
	}
	text := "the verdict is that it loads, and really it " + h.verb()
	if h.Outcome.down() {
		text += " (code of a C library that runs when it is loaded may do that, too)"
	}
	return &Difference{ByPlugtool, text}
}

func (h Happened) verb() string {
	switch h.Outcome {
	case Loads:
		return "loads"
	case Refused:
		return "was refused" + quoted(h.Text)
	case Panics:
		return "was loaded, and panicked in an init function" + quoted(h.Text)
	case Crashes:
		return "took the process down" + quoted(h.Text)
	case Exits:
		return "ended the process" + quoted(h.Text)
	case Hangs:
		return "hung"
	}
	return "was not opened"
}

func quoted(text string) string {
	if text == "" {
		return ""
	}
	return ": " + text
}
