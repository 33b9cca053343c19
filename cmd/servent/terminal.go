package main

import (
	"io"
	"os"

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
