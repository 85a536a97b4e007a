package rbl

type List struct{ Zone Zone }
