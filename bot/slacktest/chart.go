package slacktest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// Limits of charts. https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block
const (
	maxCharts     = 2 // of a message
	maxChartTitle = 50
	maxSeries     = 6 // and segments of a pie
	maxPoints     = 20
	maxChartLabel = 20
	maxAxisLabel  = 50
)

func (c *checker) chart(n node, ptr string) {
	c.fields(n, ptr, "title chart")
	if c.charts++; c.charts > maxCharts {
		c.fail(ptr, "no more than %d data_visualization blocks allowed", maxCharts)
	}
	if c.surface != surfaceMessage {
		c.fail(ptr+"/type", "unsupported type: data_visualization")
	}
	c.str(n, "title", ptr, maxChartTitle)
	chart := n.child("chart")
	if chart == nil {
		c.fail(ptr, "missing required field: chart")
		return
	}
	at := ptr + "/chart"
	switch kind := chart.str("type"); kind {
	case "pie":
		c.fields(chart, at, "segments")
		c.points(chart.children("segments"), at+"/segments", maxSeries, true)
	case "bar", "area", "line":
		c.fields(chart, at, "series axis_config")
		c.seriesOf(chart, at)
	default:
		c.fail(at+"/type", "unsupported type: %s", kind)
	}
}

// seriesOf checks that each series has one point for each category.
func (c *checker) seriesOf(chart node, ptr string) {
	axis := chart.child("axis_config")
	if axis == nil {
		c.fail(ptr, "missing required field: axis_config")
		return
	}
	c.fields(axis, ptr+"/axis_config", "categories x_label y_label")
	c.optional(axis, "x_label", ptr+"/axis_config", maxAxisLabel)
	c.optional(axis, "y_label", ptr+"/axis_config", maxAxisLabel)
	list, _ := axis["categories"].([]any)
	c.count(len(list), ptr+"/axis_config/categories", maxPoints)
	categories := c.labels(list, ptr+"/axis_config/categories")
	series := chart.children("series")
	c.count(len(series), ptr+"/series", maxSeries)
	var names []any
	for i, s := range series {
		at := fmt.Sprintf("%s/series/%d", ptr, i)
		c.fields(s, at, "name data")
		names = append(names, s["name"])
		points := s.children("data")
		c.points(points, at+"/data", maxPoints, false)
		var labels []string
		for _, p := range points {
			labels = append(labels, p.str("label"))
		}
		slices.Sort(labels)
		if !slices.Equal(labels, categories) {
			c.fail(at+"/data", "must have one point for each category")
		}
	}
	c.labels(names, ptr+"/series")
}

// labels checks labels, none of which may be there twice, and returns them in order.
func (c *checker) labels(list []any, ptr string) []string {
	var all []string
	for i, v := range list {
		s, ok := v.(string)
		if !ok {
			c.fail(fmt.Sprintf("%s/%d", ptr, i), "must be a string")
			continue
		}
		c.length(s, fmt.Sprintf("%s/%d", ptr, i), maxChartLabel)
		if slices.Contains(all, s) {
			c.fail(fmt.Sprintf("%s/%d", ptr, i), "%q already exists", s)
		}
		all = append(all, s)
	}
	slices.Sort(all)
	return all
}

func (c *checker) points(list []node, ptr string, most int, positive bool) {
	c.count(len(list), ptr, most)
	for i, p := range list {
		at := fmt.Sprintf("%s/%d", ptr, i)
		c.fields(p, at, "label value")
		c.str(p, "label", at, maxChartLabel)
		value, ok := number(p["value"])
		if !ok || positive && value <= 0 {
			c.fail(at+"/value", "must be a number that can be drawn")
		}
	}
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	}
	return 0, false
}

// chart reads one into a title and a table of what it draws.
func (t *treeReader) chart(b node) []Piece {
	chart := b.child("chart")
	table := Piece{Kind: PieceTable}
	row := func(cells ...string) {
		r := Piece{Kind: PieceRow}
		for i, text := range cells {
			cell := Piece{Kind: PieceCell, Pieces: []Piece{{Kind: PieceParagraph, Spans: textSpans(text)}}}
			if i > 0 {
				cell.Align = "right"
			}
			r.Pieces = append(r.Pieces, cell)
		}
		table.Pieces = append(table.Pieces, r)
	}
	shown := func(v any) string {
		f, _ := number(v)
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	head := []string{chart.str("type") + " chart"}
	series := chart.children("series")
	for _, s := range series {
		head = append(head, s.str("name"))
	}
	row(head...)
	for _, s := range chart.children("segments") {
		row(s.str("label"), shown(s["value"]))
	}
	list, _ := chart.child("axis_config")["categories"].([]any)
	for _, category := range list {
		label, _ := category.(string)
		cells := []string{label}
		for _, s := range series {
			for _, p := range s.children("data") {
				if p.str("label") == label {
					cells = append(cells, shown(p["value"]))
				}
			}
		}
		row(cells...)
	}
	return []Piece{{Kind: PieceHeading, Spans: textSpans(b.str("title"))}, table}
}
