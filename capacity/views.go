package capacity

// Views are the forms in which an analysed result can be shown.
var Views = []File{
	{"text", Text},
	{"markdown", Markdown},
	{"html", HTML},
	{"csv", CSV},
	{"json", JSON},
}
