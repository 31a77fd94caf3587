"""Files made of plain data: charts as SVG, reports as PDF. No database, no Django, nothing else of ours."""
