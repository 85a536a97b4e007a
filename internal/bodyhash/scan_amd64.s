#include "textflag.h"

// Both functions use SSE2 only, which every amd64 processor has.

// broadcast sets all sixteen octets of X to those of the constant.
#define BROADCAST(value, X) \
	MOVQ       $value, AX; \
	MOVQ       AX, X;      \
	PUNPCKLQDQ X, X

// func editBlocks(p *byte, n int) int
//
// An octet w with its successor v is an edit when w == TAB, or when w == SP and
// min(v, SP) == v.
TEXT ·editBlocks(SB), NOSPLIT, $0-24
	MOVQ p+0(FP), SI
	MOVQ n+8(FP), CX
	MOVQ CX, DX
	BROADCAST(0x2020202020202020, X0)
	BROADCAST(0x0909090909090909, X1)

edit:
	MOVOU    (SI), X2
	MOVOU    1(SI), X3
	MOVOU    16(SI), X4
	MOVOU    17(SI), X5
	MOVO     X3, X6
	MOVO     X5, X7
	PMINUB   X0, X6
	PMINUB   X0, X7
	PCMPEQB  X3, X6
	PCMPEQB  X5, X7
	MOVO     X2, X3
	MOVO     X4, X5
	PCMPEQB  X0, X2
	PCMPEQB  X0, X4
	PCMPEQB  X1, X3
	PCMPEQB  X1, X5
	PAND     X6, X2
	PAND     X7, X4
	POR      X3, X2
	POR      X5, X4
	POR      X4, X2
	PMOVMSKB X2, AX
	TESTL    AX, AX
	JNZ      found
	ADDQ     $32, SI
	DECQ     CX
	JNZ      edit

found:
	SUBQ CX, DX
	MOVQ DX, ret+16(FP)
	RET

// func oddBlocks(p *byte, n int) bool
//
// An octet w with its successor v is odd when w == NUL, or when one of w == CR
// and v == LF holds without the other. What is found is gathered in X8.
TEXT ·oddBlocks(SB), NOSPLIT, $0-17
	MOVQ p+0(FP), SI
	MOVQ n+8(FP), CX
	BROADCAST(0x0d0d0d0d0d0d0d0d, X0)
	BROADCAST(0x0a0a0a0a0a0a0a0a, X1)
	PXOR X9, X9
	PXOR X8, X8

odd:
	MOVOU   (SI), X2
	MOVOU   1(SI), X3
	MOVOU   16(SI), X4
	MOVOU   17(SI), X5
	MOVO    X2, X6
	PMINUB  X4, X6
	PCMPEQB X9, X6
	POR     X6, X8
	PCMPEQB X0, X2
	PCMPEQB X0, X4
	PCMPEQB X1, X3
	PCMPEQB X1, X5
	PXOR    X3, X2
	PXOR    X5, X4
	POR     X2, X8
	POR     X4, X8
	ADDQ    $32, SI
	DECQ    CX
	JNZ     odd

	PMOVMSKB X8, AX
	TESTL    AX, AX
	SETNE    ret+16(FP)
	RET
