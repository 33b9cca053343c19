package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// plainFlag says what is wrong with a flag of the command line for those who do
// not know what it is made of.
func plainFlag(_ *cobra.Command, err error) error {
	var bad *pflag.InvalidValueError
	if !errors.As(err, &bad) {
		return err
	}
	f := bad.GetFlag()
	return fmt.Errorf("--%s %s: %w", f.Name, bad.GetValue(), wrongValue(f, errors.Unwrap(bad)))
}

// wrongValue puts err, which setting f to some value gave, into such words where it
// is not one of ours.
func wrongValue(f *pflag.Flag, err error) error {
	var number *strconv.NumError
	var list *csv.ParseError
	switch {
	case f.Value.Type() == "bool":
		return errors.New("use true or false")
	case f.Value.Type() == "duration":
		return errors.New("use a time with its unit, as 5s or 2m")
	case errors.As(err, &number):
		return errors.New("use a whole number")
	case errors.As(err, &list):
		return errors.New("use values with commas between them, and no quotes in one")
	}
	return err
}
