package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed282dab8e/servent/bench/churn"
	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent/leaves"
	"github.com/seed282dab8e/servent/supernode"
)

const leavesWorker = "leaves-worker"

// oneSecond is how many documents come and go in a second of the churn: what the
// index is told of at once, however fast the churn goes.
const oneSecond = int(2 * churn.PerLeaf * time.Second / churn.Every)

// maxAsked is how many leaves send their lists at once.
const maxAsked = 100

// workLeaves is a process with the leaves of a supernode: the package that the
// servent uses, and leaves that speak to it as a link would have them.
func workLeaves(args []string, out io.Writer) (err error) {
	e := &leafEngine{asked: make(map[uint32]int)}
	e.x = leaves.New(leaves.Config{
		Dir: filepath.Join(args[0], "leaves"), Answer: e.answered, Batch: oneSecond,
		Now: func() time.Duration { return time.Duration(e.now.Load()) },
	})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { e.x.Run(ctx) })
	err = churn.Serve(e, os.Stdin, out)
	cancel()
	running.Wait()
	e.x.Close()
	return err
}

type leafEngine struct {
	x   *leaves.Index
	now atomic.Int64

	mu    sync.Mutex
	asked map[uint32]int // leaves whose lists are on their way, and how far
	err   error
}

// listOf is what a leaf sends.
func listOf(leaf int) (body []byte, o protocol.ListOffer) {
	for i, f := range churn.Files(leaf) {
		record := protocol.ListFile{
			Index: uint32(i + 1), Size: f.Size, Created: 1_700_000_000, Type: uint8(search.Audio), Path: f.Path,
			URN: protocol.URN{HasSHA1: true, SHA1: f.SHA1, HasTiger: true, Tiger: f.Tiger},
		}.Append(nil)
		o.Digest.Add(record)
		body = protocol.ListChange{Record: record}.Append(body)
	}
	o.Files = churn.PerLeaf
	return body, o
}

// Add waits where leaves come faster than they are taken.
func (e *leafEngine) Add(leaf int) error {
	if err := e.await(maxAsked); err != nil {
		return err
	}
	_, o := listOf(leaf)
	e.mu.Lock()
	e.asked[uint32(leaf)] = leaf
	e.mu.Unlock()
	e.x.Offer(supernode.Leaf{Link: uint32(leaf), ID: protocol.GUID{byte(leaf), byte(leaf >> 8), byte(leaf >> 16)}}, o.Digest, o.Files)
	return nil
}

func (e *leafEngine) answered(link uint32, a protocol.ListAnswer) {
	switch a.Verdict {
	case protocol.ListSend:
		body, o := listOf(int(link))
		p := protocol.NewListPart(body)
		p.First, p.Last, p.Digest, p.Files = true, true, o.Digest, o.Files
		e.x.Part(link, p)
	case protocol.ListHeld:
		e.mu.Lock()
		delete(e.asked, link)
		e.mu.Unlock()
	default:
		e.mu.Lock()
		e.err = fmt.Errorf("leaf %d was answered %d: %s", link, a.Verdict, a.Reason)
		e.mu.Unlock()
	}
}

// Remove lets a leaf end what it has begun.
func (e *leafEngine) Remove(leaf int) error {
	e.mu.Lock()
	_, sends := e.asked[uint32(leaf)]
	e.mu.Unlock()
	if sends {
		if err := e.await(1); err != nil {
			return err
		}
	}
	e.x.Gone(uint32(leaf))
	return nil
}

func (e *leafEngine) Passed() error {
	e.now.Add(int64(churn.Every))
	return nil
}

// await returns when fewer than most lists are on their way.
func (e *leafEngine) await(most int) error {
	for {
		e.mu.Lock()
		n, err := len(e.asked), e.err
		e.mu.Unlock()
		if n < most || err != nil {
			return err
		}
		time.Sleep(time.Millisecond)
	}
}

func (e *leafEngine) Settle() error {
	err := e.await(1)
	for err == nil && e.x.Stats().Waiting > 0 {
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(2 * time.Second) // the last batch is on its way
	return err
}

func (e *leafEngine) Find(words []string) (int, error) {
	files, err := e.x.Find(context.Background(), leaves.Question{Words: search.Query{Words: words}, Limit: churn.Limit})
	return len(files), err
}
