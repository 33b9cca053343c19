package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/seed282dab8e/servent/search"
	"github.com/sirupsen/logrus"
	"golang.org/x/term"
)

// newLog logs to w: in colours and with the seconds since the start on a
// terminal, as key=value pairs elsewhere.
func newLog(w io.Writer, terminal bool) *logrus.Logger {
	log := logrus.New()
	log.SetOutput(w)
	log.SetFormatter(&logrus.TextFormatter{ForceColors: terminal, DisableColors: !terminal})
	log.SetLevel(logrus.WarnLevel)
	return log
}

// noteFormat writes warnings and errors for people: what happened, then the
// fields.
type noteFormat struct{}

func (noteFormat) Format(e *logrus.Entry) ([]byte, error) {
	kind := "note: "
	if e.Level <= logrus.ErrorLevel {
		kind = ""
	}
	text := "servent: " + kind + e.Message
	var fields []string
	for _, name := range slices.Sorted(maps.Keys(e.Data)) {
		switch name {
		case "component":
		case logrus.ErrorKey:
			text += fmt.Sprintf(": %v", e.Data[name])
		default:
			fields = append(fields, fmt.Sprintf("%s %v", name, e.Data[name]))
		}
	}
	if len(fields) > 0 {
		text += " (" + strings.Join(fields, ", ") + ")"
	}
	return []byte(search.Clean(text) + "\n"), nil
}

// screen is the terminal that output is shown on; the zero value is none.
type screen struct {
	fd int
	on bool
}

func screenOf(w io.Writer) screen {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return screen{}
	}
	return screen{int(f.Fd()), true}
}

// size is the screen's columns and lines; 0 where there is no screen.
func (s screen) size() (columns, lines int) {
	if !s.on {
		return 0, 0
	}
	columns, lines, err := term.GetSize(s.fd)
	if err != nil || columns <= 0 {
		return 80, 24
	}
	return columns, lines
}
