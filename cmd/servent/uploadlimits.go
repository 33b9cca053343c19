package main

import (
	"errors"
	"strconv"

	"github.com/seed282dab8e/servent/servent"
	"github.com/spf13/pflag"
)

// uploadLimits are flags that bound what is sent at once.
type uploadLimits struct{ all, perAddr, queue count }

func (u *uploadLimits) add(f *pflag.FlagSet) {
	*u = uploadLimits{servent.DefaultMaxUploads, servent.DefaultMaxUploadsPerAddr, servent.DefaultMaxUploadQueue}
	f.Var(&u.all, "max-uploads", "most files to send at once")
	f.Var(&u.perAddr, "max-uploads-per-ip", "most of them to one IP address, and most places for it in the queue")
	f.Var(&u.queue, "max-upload-queue", "most requests that wait for their turn; the next are told to come later")
}

func (u *uploadLimits) names() []string {
	return []string{"max-uploads", "max-uploads-per-ip", "max-upload-queue"}
}

// count is a flag: a number from 1 on.
type count int

// maxCount is more than any machine serves.
const maxCount = 1 << 20

func (c *count) String() string { return strconv.Itoa(int(*c)) }

func (c *count) Type() string { return "int" }

func (c *count) Set(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxCount {
		return errors.New("use a number from 1 to " + strconv.Itoa(maxCount))
	}
	*c = count(n)
	return nil
}
