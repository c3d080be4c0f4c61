/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
	.section .rodata
	.balign 8
	.global iou_wake_object, iou_wake_object_end
iou_wake_object:
	.incbin "wake.bpf.o"
iou_wake_object_end:
	.section .note.GNU-stack,"",%progbits
