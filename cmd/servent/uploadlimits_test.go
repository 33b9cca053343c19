package main

import (
	"testing"

	"github.com/spf13/cobra"
)

// TestUploadFlags: each bound goes where it belongs.
func TestUploadFlags(t *testing.T) {
	var n nodeFlags
	cmd := &cobra.Command{}
	n.add(cmd)
	if cfg, err := n.config(); err != nil || cfg.MaxUploads != 16 || cfg.MaxUploadsPerAddr != 4 || cfg.MaxUploadQueue != 128 {
		t.Errorf("by default %d, %d, %d, %v", cfg.MaxUploads, cfg.MaxUploadsPerAddr, cfg.MaxUploadQueue, err)
	}
	if err := cmd.ParseFlags([]string{"--max-uploads", "1", "--max-uploads-per-ip", "2", "--max-upload-queue", "1048576"}); err != nil {
		t.Fatal(err)
	}
	if cfg, err := n.config(); err != nil || cfg.MaxUploads != 1 || cfg.MaxUploadsPerAddr != 2 || cfg.MaxUploadQueue != maxCount {
		t.Errorf("as told %d, %d, %d, %v", cfg.MaxUploads, cfg.MaxUploadsPerAddr, cfg.MaxUploadQueue, err)
	}
}
