#include "textflag.h"

// func hasAVX2() bool
//
// The processor must have AVX2, and the system must keep the registers.
TEXT ·hasAVX2(SB), NOSPLIT, $0-1
	MOVB  $0, ret+0(FP)
	XORL  AX, AX
	CPUID
	CMPL  AX, $7
	JLT   none
	MOVL  $1, AX
	XORL  CX, CX
	CPUID
	ANDL  $0x18000000, CX // OSXSAVE and AVX
	CMPL  CX, $0x18000000
	JNE   none
	XORL  CX, CX
	XGETBV
	ANDL  $6, AX // XMM and YMM
	CMPL  AX, $6
	JNE   none
	MOVL  $7, AX
	XORL  CX, CX
	CPUID
	ANDL  $0x20, BX // AVX2
	SETNE ret+0(FP)

none:
	RET

// BROADCAST sets all octets of a register to those of value.
#define BROADCAST(value, X, Y) \
	MOVQ         $value, AX; \
	VMOVQ        AX, X;      \
	VPBROADCASTQ X, Y

// func editBlocks(p *byte, n int) int
//
// An octet w with its successor v is an edit when w == TAB, or when w == SP and
// min(v, SP) == v.
TEXT ·editBlocks(SB), NOSPLIT, $0-24
	MOVQ p+0(FP), SI
	MOVQ n+8(FP), CX
	MOVQ CX, DX
	BROADCAST(0x2020202020202020, X0, Y0)
	BROADCAST(0x0909090909090909, X1, Y1)

edit:
	VMOVDQU   (SI), Y2
	VMOVDQU   1(SI), Y3
	VMOVDQU   32(SI), Y4
	VMOVDQU   33(SI), Y5
	VPMINUB   Y0, Y3, Y6
	VPMINUB   Y0, Y5, Y7
	VPCMPEQB  Y3, Y6, Y6
	VPCMPEQB  Y5, Y7, Y7
	VPCMPEQB  Y0, Y2, Y8
	VPCMPEQB  Y0, Y4, Y9
	VPCMPEQB  Y1, Y2, Y2
	VPCMPEQB  Y1, Y4, Y4
	VPAND     Y6, Y8, Y8
	VPAND     Y7, Y9, Y9
	VPOR      Y2, Y8, Y8
	VPOR      Y4, Y9, Y9
	VPOR      Y8, Y9, Y9
	VPMOVMSKB Y9, AX
	TESTL     AX, AX
	JNZ       found
	ADDQ      $64, SI
	DECQ      CX
	JNZ       edit

found:
	VZEROUPPER
	SUBQ CX, DX
	MOVQ DX, ret+16(FP)
	RET

// func oddBlocks(p *byte, n int) bool
//
// An octet w with its successor v is odd when w == NUL, or when one of w == CR
// and v == LF holds without the other. What is found is gathered in Y8; what
// min of the octets is NUL, in Y10.
TEXT ·oddBlocks(SB), NOSPLIT, $0-17
	MOVQ p+0(FP), SI
	MOVQ n+8(FP), CX
	BROADCAST(0x0d0d0d0d0d0d0d0d, X0, Y0)
	BROADCAST(0x0a0a0a0a0a0a0a0a, X1, Y1)
	VPXOR    Y8, Y8, Y8
	VPCMPEQB Y10, Y10, Y10

odd:
	VMOVDQU  (SI), Y2
	VMOVDQU  32(SI), Y4
	VPMINUB  Y2, Y10, Y10
	VPMINUB  Y4, Y10, Y10
	VPCMPEQB 1(SI), Y1, Y3
	VPCMPEQB 33(SI), Y1, Y5
	VPCMPEQB Y0, Y2, Y2
	VPCMPEQB Y0, Y4, Y4
	VPXOR    Y3, Y2, Y2
	VPXOR    Y5, Y4, Y4
	VPOR     Y2, Y8, Y8
	VPOR     Y4, Y8, Y8
	ADDQ     $64, SI
	DECQ     CX
	JNZ      odd

	VPXOR     Y9, Y9, Y9
	VPCMPEQB  Y9, Y10, Y10
	VPOR      Y10, Y8, Y8
	VPMOVMSKB Y8, AX
	VZEROUPPER
	TESTL     AX, AX
	SETNE     ret+16(FP)
	RET
