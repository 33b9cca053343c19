package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// report is what a comparison found.
type report struct {
	Time    time.Time `json:"time"`
	Go      string    `json:"go"`
	Machine string    `json:"machine"`
	Cores   int       `json:"cores"`
	NATS    string    `json:"nats_server"`
	Config  config    `json:"config"`
	Results []result  `json:"results"`
}

// result is one pattern: the samples of both servers, round by round.
type result struct {
	Pattern string   `json:"pattern"`
	Servent []sample `json:"servent"`
	NATS    []sample `json:"nats_server"`
	Ratio   spread   `json:"ratio"` // servent's messages a core second to nats-server's, of each round
}

// spread sums up a figure of several rounds.
type spread struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

// compare measures both servers in turn, and tells progress how far it is.
func compare(ctx context.Context, c config, progress io.Writer) (*report, error) {
	r := &report{
		Time: time.Now().UTC(), Go: runtime.Version(), Machine: runtime.GOOS + "/" + runtime.GOARCH,
		Cores: runtime.NumCPU(), NATS: server.VERSION, Config: c,
	}
	for _, p := range patterns() {
		res := result{Pattern: p.Name}
		for round := range c.Rounds {
			fmt.Fprintf(progress, "%s, round %d of %d\n", p.Name, round+1, c.Rounds)
			ours, err := measure(ctx, c, serventName, p)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", serventName, p.Name, err)
			}
			theirs, err := measure(ctx, c, natsName, p)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", natsName, p.Name, err)
			}
			res.Servent = append(res.Servent, ours)
			res.NATS = append(res.NATS, theirs)
		}
		res.Ratio = res.ratio()
		r.Results = append(r.Results, res)
	}
	return r, nil
}

func (r *result) ratio() spread {
	ratios := make([]float64, 0, len(r.Servent))
	for i := range r.Servent {
		ratios = append(ratios, r.Servent[i].perCore()/r.NATS[i].perCore())
	}
	return spreadOf(ratios)
}

func spreadOf(values []float64) spread {
	v := slices.Sorted(slices.Values(values))
	return spread{Min: v[0], Median: (v[(len(v)-1)/2] + v[len(v)/2]) / 2, Max: v[len(v)-1]}
}

func spreadBy(samples []sample, figure func(sample) float64) spread {
	values := make([]float64, 0, len(samples))
	for _, s := range samples {
		values = append(values, figure(s))
	}
	return spreadOf(values)
}

// print writes the report as a table of medians, and in brackets the least and
// the most.
func (r *report) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%s, %s, %d cores; nats-server %s; %d rounds of %d messages of %d bytes",
		r.Go, r.Machine, r.Cores, r.NATS, r.Config.Rounds, r.Config.Messages, messageSize)
	if r.Config.Repeat > 0 {
		fmt.Fprintf(t, ", one of %d twice to the servent", r.Config.Repeat)
	}
	fmt.Fprintln(t)
	fmt.Fprintln(t, "pattern\tserver\tdelivered a core second\tdelivered a second\tto nats-server")
	for _, res := range r.Results {
		ratio := fmt.Sprintf("%.2f (%.2f to %.2f)", res.Ratio.Median, res.Ratio.Min, res.Ratio.Max)
		printSamples(t, res.Pattern, serventName, res.Servent, ratio)
		printSamples(t, res.Pattern, natsName, res.NATS, "1")
	}
	return t.Flush()
}

func printSamples(w io.Writer, pattern, server string, samples []sample, ratio string) {
	core, wall := spreadBy(samples, sample.perCore), spreadBy(samples, sample.perSecond)
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", pattern, server, core.millions(), wall.millions(), ratio)
}

func (s spread) millions() string {
	return fmt.Sprintf("%.2fM (%.2f to %.2f)", s.Median/1e6, s.Min/1e6, s.Max/1e6)
}

func (r *report) save(file string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o644)
}
