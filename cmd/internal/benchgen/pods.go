package main

import (
	"bufio"
	"bytes"
	"os"
)

// weigh gives the size of a manifest and the number of pods that it makes,
// loops counted once: the tasks of DAG templates that lead to a template with a
// container. It reads our own printer's YAML, whose indentation is regular,
// rather than all of YAML.
func weigh(name string) (size, pods int, err error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	c := counter{containers: map[string]bool{}, tasks: map[string]int{}}
	in := bufio.NewReader(f)
	for {
		line, err := in.ReadSlice('\n')
		size += len(line)
		if err == bufio.ErrBufferFull { // the rest of the line is no key of ours
			continue
		}
		c.line(bytes.TrimRight(line, "\n"))
		if err != nil {
			break
		}
	}
	for t, n := range c.tasks {
		if c.containers[t] {
			pods += n
		}
	}
	return size, pods, nil
}

type counter struct {
	containers map[string]bool
	tasks      map[string]int // uses of a template
	inside     bool           // the list of templates
	indent     int            // of the key templates
	name       string         // of the template
}

func (c *counter) line(line []byte) {
	body := bytes.TrimLeft(line, " ")
	indent := len(line) - len(body)
	key, value, _ := bytes.Cut(body, []byte(":"))
	item := bytes.HasPrefix(key, []byte("- "))
	key = bytes.TrimPrefix(key, []byte("- "))
	text := string(bytes.Trim(value, ` "'`))
	switch string(key) {
	case "templates":
		if !c.inside {
			c.inside, c.indent = true, indent
		}
	case "name":
		if c.inside && (item && indent <= c.indent+2 || !item && indent <= c.indent+4) {
			c.name = text
		}
	case "container":
		if c.inside && indent <= c.indent+4 {
			c.containers[c.name] = true
		}
	case "template":
		if c.inside {
			c.tasks[text]++
		}
	}
}
