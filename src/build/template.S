/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
	.section .rodata
	.global iou_template, iou_template_end
iou_template:
	.incbin "template.bpf.c.in"
iou_template_end:
	.section .note.GNU-stack,"",%progbits
