// Copyright the copier-kserve authors
// SPDX-License-Identifier: Apache-2.0

// Package lines answers the questions of functions.py: one JSON object {"ask", "args"} per line in, one per line out.
package lines

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
)

// Answer answers every question until the input ends. A line that is no question is answered with {"fault"}.
func Answer(answer func(ask string, args []string) any) {
	in := bufio.NewReader(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			return
		}
		var question struct {
			Ask  string   `json:"ask"`
			Args []string `json:"args"`
		}
		if err == nil {
			err = json.Unmarshal(line, &question)
		}
		var found any
		if err != nil {
			found = map[string]string{"fault": err.Error()}
		} else {
			found = answer(question.Ask, question.Args)
		}
		if out.Encode(found) != nil {
			os.Exit(1)
		}
	}
}
