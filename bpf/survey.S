/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
	.section .rodata
	.balign 8
	.global iou_survey_object, iou_survey_object_end
iou_survey_object:
	.incbin "survey.bpf.o"
iou_survey_object_end:
	.section .note.GNU-stack,"",%progbits
